import { distinct, table } from "./format.mjs";

const peers = {
  "litert-int8": "LiteRT.js int8",
  "litert-float32": "LiteRT.js float32",
  "ort-web-int8": "onnxruntime-web int8",
  "ort-web-float32": "onnxruntime-web float32",
  "tfjs-float32": "tfjs-wasm float32",
};
const tiers = { simd: "plain SIMD", relaxed: "relaxed SIMD", fused: "fused products" };
const networks = { "resnet18-224": "ResNet-18", "mobilenet_v2-224": "MobileNet-v2" };

const nameOf = ({ contestant, tier }) =>
  peers[contestant] ?? `Subbyte ${/w\da\d/.exec(contestant)[0].toUpperCase()}, ${tiers[tier]}`;
const networkOf = (network) => networks[network] ?? network;
const times = ({ milliseconds, cpuMilliseconds }) => `${milliseconds.toFixed(1)} / ${cpuMilliseconds.toFixed(1)} ms`;
const ratios = ({ ratio, cpuRatio }) => `${ratio.toFixed(2)}× / ${cpuRatio.toFixed(2)}×`;

function machine({ cpu, browser, vectorExtensions, loadBefore, cores }) {
  const vnni = vectorExtensions.includes("avx_vnni") ? "with AVX-VNNI" : "without AVX-VNNI";
  return `${browser}, one thread; ${cpu}, ${vnni}; load before the bench ${loadBefore.toFixed(1)} on ${cores} cores.`;
}

/** Results of `subbyte bench --engine --browser`: per network, our forms compared with the fastest int8 and float32 peers. */
export function browserRaceSummary({ result }) {
  const { results, bestPeers } = result;
  const find = (network, contestant) =>
    results.find((each) => each.network === network && each.contestant === contestant);
  const rows = distinct(bestPeers.map(({ network, ours }) => `${network} ${ours}`)).map((key) => {
    const [network, ours] = key.split(" ");
    const own = find(network, ours);
    const cells = ["int8", "float32"].flatMap((precision) => {
      const best = bestPeers.find(
        (each) => each.network === network && each.ours === ours && each.precision === precision,
      );
      const peer = find(network, best.peer);
      return [`${nameOf(peer)}: ${times(peer)}`, ratios(best)];
    });
    return [`${networkOf(network)} ${nameOf(own).replace("Subbyte ", "")}`, times(own), ...cells];
  });
  const header = ["our network", "time", "fastest int8 peer", "speed-up", "fastest float32 peer", "speed-up"];
  return `${table(header, rows)}\n\n${machine(result)}`;
}

/** Results of `subbyte bench --engine --browser`: the time of every runtime. */
export function browserRaceTable({ result }) {
  const rows = distinct(result.results.map(({ network }) => network)).flatMap((network) =>
    result.results
      .filter((each) => each.network === network)
      .toSorted((a, b) => a.milliseconds - b.milliseconds)
      .map((each) => [
        networkOf(network),
        nameOf(each),
        each.milliseconds.toFixed(1),
        each.cpuMilliseconds.toFixed(1),
        each.fastestMilliseconds.toFixed(1),
        each.firstResultMilliseconds.toFixed(0),
      ]),
  );
  const header = ["network", "runtime", "wall, ms", "CPU, ms", "fastest, ms", "load to first result, ms"];
  return `${table(header, rows)}\n\n${machine(result)}`;
}
