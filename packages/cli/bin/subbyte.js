#!/usr/bin/env node
// A file of its own, because npm links a command only if its file exists at install time, before dist/ is built.
import "../dist/main.js";
