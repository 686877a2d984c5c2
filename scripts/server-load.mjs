/** Puts load on a server: posts a photograph again and again, after each answer or at fixed times. */

import { Agent, request } from "node:http";

/** A picture with the detail of a photograph, as a JPEG of `side` pixels. */
export async function photograph(side) {
  const { default: sharp } = await import("sharp");
  const pixels = Buffer.alloc(3 * side * side);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (let c = 0; c < 3; c++)
        pixels[3 * (y * side + x) + c] =
          128 + 60 * Math.sin(x / (5 + c)) * Math.cos(y / (7 - c)) + ((x * 7919 + y * 104729 + c) % 31);
  return sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

function form(image) {
  const boundary = "subbyte-load";
  return {
    headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="images"; filename="image.jpg"\r\n\r\n`),
      image,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
  };
}

/** Posts the image over `connections` connections, each as soon as the one before was answered. */
export async function closedLoop(server, image, connections, seconds) {
  const { default: autocannon } = await import("autocannon");
  const { headers, body } = form(image);
  const result = await autocannon({
    url: `${server.url}/classify`,
    method: "POST",
    headers,
    body,
    connections,
    duration: seconds,
    timeout: 30,
  });
  const { p50, p99, max } = result.latency;
  return {
    imagesPerSecond: result["2xx"] / result.duration,
    errors: result.errors + result.timeouts,
    notOk: result.non2xx,
    latencyMs: { p50, p99, max },
  };
}

/** Numbers in [0, 1), the same in every run (mulberry32). */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Requests that come as those of many independent clients do (a Poisson process), whether or not earlier ones were answered; latencies
 * count from the time that a request was due.
 */
export async function openLoop(server, image, rate, seconds) {
  const { headers, body } = form(image);
  const agent = new Agent({ keepAlive: true });
  const statuses = {};
  const latencies = [];
  let errors = 0;
  const send = (due) =>
    new Promise((resolve) => {
      const sent = request(
        {
          port: server.port,
          agent,
          method: "POST",
          path: "/classify",
          headers: { ...headers, "content-length": body.length },
        },
        (response) => {
          response.resume().on("end", () => {
            statuses[response.statusCode] = (statuses[response.statusCode] ?? 0) + 1;
            if (response.statusCode === 200) latencies.push(performance.now() - due);
            resolve();
          });
        },
      );
      sent.on("error", () => {
        errors++;
        resolve();
      });
      sent.end(body);
    });
  const random = generator(1);
  const begun = performance.now();
  const pending = [];
  for (let due = begun; ; ) {
    due -= (1000 * Math.log(1 - random())) / rate;
    if (due > begun + 1000 * seconds) break;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    pending.push(send(due));
  }
  await Promise.all(pending);
  agent.destroy();
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? null;
  return {
    offeredPerSecond: rate,
    arrivals: "Poisson, seed 1",
    requests: pending.length,
    statuses,
    errors,
    acceptedLatencyMs: { p50: at(0.5), p99: at(0.99) },
  };
}
