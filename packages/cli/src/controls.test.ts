import { expect, test } from "vitest";
import { withoutControls } from "./controls.js";

test("control characters and changes of direction are spelled out; lines, tabs and letters stay", () => {
  expect(withoutControls("\u001b]0;title\u0007 \u009b2J \r\u0008\u202e \0")).toBe(
    "\\u001b]0;title\\u0007 \\u009b2J \\u000d\\u0008\\u202e \\u0000",
  );
  expect(withoutControls("größe\t猫 🐈\n")).toBe("größe\t猫 🐈\n");
  expect(JSON.parse(withoutControls(JSON.stringify({ name: "\u009b\u001b" })))).toEqual({ name: "\u009b\u001b" });
});
