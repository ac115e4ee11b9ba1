// Everything here improves screens that work without it. One file per behaviour.
import * as Turbo from "@hotwired/turbo";
import "./times.js";
import "./forms.js";
import "./keys.js";
import "./palette.js";
import { startLive } from "./live.js";

document.documentElement.dataset.js = "";
// Turbo's own progress bar is a style element, which the content-security policy refuses; base.css draws ours.
Turbo.config.drive.progressBarDelay = 2 ** 31 - 1;
startLive(Turbo);
