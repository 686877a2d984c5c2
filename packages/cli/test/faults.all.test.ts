import { checkFaults } from "./faults/check.js";

checkFaults();
