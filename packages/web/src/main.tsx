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

render(<App />, document.getElementById("app")!);
void loadCatalog();
startAnswering();
void prepareOffline();
