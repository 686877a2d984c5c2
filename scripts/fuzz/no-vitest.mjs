/** Stands for vitest in helpers of tests that targets share: what they leave goes with the folder of the run. */
export const afterAll = () => {};
export const vi = { stubEnv: () => {} };
