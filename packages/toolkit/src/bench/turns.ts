/** @file Contestants take turns in one process, so that what disturbs one disturbs all, and ratios are made within a turn. */

/** Something that classifies images. */
export interface Contestant {
  readonly name: string;
  /** Logits of one image `[size, size, 3]`, bytes. */
  run(image: Uint8Array): Promise<Float32Array>;
  release(): Promise<void>;
}

export interface TurnOptions {
  readonly turns: number;
  readonly onTurn?: (done: number) => void;
  readonly signal?: AbortSignal;
}

export interface Measured {
  readonly name: string;
  /** Of one image, an entry a turn. */
  readonly milliseconds: readonly number[];
  /** Of the first image. */
  readonly logits: readonly number[];
}

/** Runs of everybody before the clock counts: JavaScript engines compile WebAssembly twice, the second time behind its back. */
const WARM_UP_RUNS = 4;
const SETTLE_MILLISECONDS = 800;
/** A contestant's turn is repeated to last about this long, well above the clock's resolution. */
const LEAST_TURN_MILLISECONDS = 5;

/** Turn t starts with contestant t mod n and uses image t mod the number of images. */
export async function takeTurns(
  contestants: readonly Contestant[],
  images: readonly Uint8Array[],
  { turns, onTurn, signal }: TurnOptions,
): Promise<Measured[]> {
  const time = async (contestant: Contestant, image: Uint8Array, repeats: number): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < repeats; i++) await contestant.run(image);
    return (performance.now() - start) / repeats;
  };
  const logits = new Map<Contestant, readonly number[]>();
  for (const contestant of contestants) logits.set(contestant, Array.from(await contestant.run(images[0]!)));
  for (let i = 0; i < WARM_UP_RUNS; i++) for (const contestant of contestants) await contestant.run(images[0]!);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MILLISECONDS));
  const repeats = new Map<Contestant, number>();
  for (const contestant of contestants) {
    const once = await time(contestant, images[0]!, 1);
    repeats.set(contestant, Math.max(1, Math.ceil(LEAST_TURN_MILLISECONDS / once)));
  }
  const times = new Map(contestants.map((contestant) => [contestant, [] as number[]]));
  for (let turn = 0; turn < turns; turn++) {
    signal?.throwIfAborted();
    for (let i = 0; i < contestants.length; i++) {
      const contestant = contestants[(turn + i) % contestants.length]!;
      times.get(contestant)!.push(await time(contestant, images[turn % images.length]!, repeats.get(contestant)!));
    }
    onTurn?.(turn + 1);
  }
  return contestants.map((contestant) => ({
    name: contestant.name,
    milliseconds: times.get(contestant)!,
    logits: logits.get(contestant)!,
  }));
}
