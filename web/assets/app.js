// Everything here improves screens that work without it. One file per behaviour.
import * as Turbo from "@hotwired/turbo";
import "./times.js";
import "./forms.js";
import "./inputs.js";
import "./desk.js";
import "./asking.js";
import "./keys.js";
import "./palette.js";
import { startLive } from "./live.js";

document.documentElement.dataset.js = "";
Turbo.config.drive.progressBarDelay = 300; // quicker visits show nothing
startLive();
