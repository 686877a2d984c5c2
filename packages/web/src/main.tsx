import { render } from "preact";
import { App } from "./app.js";
import { startAnswering } from "./state/answering.js";
import { loadCatalog } from "./state/catalog.js";
import { prepareOffline } from "./state/offline.js";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/controls.css";
import "./styles/images.css";
import "./styles/draw.css";
import "./styles/camera.css";
import "./styles/compare.css";
import "./styles/inside.css";

/** Milliseconds until the page shows that it waits for the list of models. A list that comes sooner is drawn without flicker. */
const SHORT_WAIT = 150;

async function start(): Promise<void> {
  await Promise.race([loadCatalog(), new Promise((resolve) => setTimeout(resolve, SHORT_WAIT))]);
  render(<App />, document.getElementById("app")!);
  startAnswering();
  await prepareOffline();
}

void start();
