/** Replaces vitest in test helpers that targets use: their files are removed with the folder of the run. */
export const afterAll = () => {};
export const vi = { stubEnv: () => {} };
