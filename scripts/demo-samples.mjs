/** The pictures that the demonstration shows: three photographs and four digits. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";

const photographs = {
  chelsea: { from: "chelsea.png", name: "Cat", credit: "Chelsea, by Stéfan van der Walt (CC0), from scikit-image" },
  coffee: { from: "coffee.png", name: "Cup of coffee", credit: "Coffee, by Rachel Michetti (CC0), from scikit-image" },
  rocket: {
    from: "rocket.jpg",
    name: "Rocket",
    credit: "Launch of a Falcon 9, by SpaceX (public domain), from scikit-image",
  },
};

/** The photographs with the given ids, in the form of the list of models. */
export const samples = (...ids) =>
  ids.map((id) => ({ file: `samples/${id}.jpg`, name: photographs[id].name, credit: photographs[id].credit }));

/** Digits drawn for this page: strokes in a square of 28 × 28. */
const strokes = {
  2: "M9 9.5C10 5.5 18.5 5.5 18.5 10.5C18.5 14.5 11 17.5 9 22H19.5",
  3: "M9.5 7C14 4.5 19 7 17.5 10.5C16.7 12.7 14.5 13.3 13 13.5C16.5 13.5 19 15.5 18.5 18.5C17.8 22.5 12 23.5 9 21",
  5: "M18.5 6.5H11L10 13C13 11.5 18.5 12 18.5 17C18.5 22 12 23.5 9 21",
  7: "M9 7H19.5L13 22.5",
};

export const digits = () =>
  Object.keys(strokes).map((digit) => ({
    file: `samples/digit-${digit}.png`,
    name: `Digit ${digit}`,
    credit: "Drawn for this page",
  }));

/** @param from the data folder of scikit-image @param folder where the pictures go */
export async function makeSamples(from, folder) {
  mkdirSync(folder, { recursive: true });
  for (const [id, { from: file }] of Object.entries(photographs))
    await sharp(join(from, file))
      .resize(448, 448, { fit: "inside" })
      .jpeg({ quality: 82 })
      .toFile(join(folder, `${id}.jpg`));
  for (const [digit, path] of Object.entries(strokes)) {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="28" height="28"><rect width="28" height="28"/><path d="${path}" fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/></svg>`;
    await sharp(Buffer.from(svg))
      .removeAlpha()
      .toColourspace("b-w")
      .png()
      .toFile(join(folder, `digit-${digit}.png`));
  }
}
