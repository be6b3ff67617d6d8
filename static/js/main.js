import "./nav-toggle.js";
import "./shortcuts.js";
import "./dialogs.js";
import "./autosubmit.js";
import "./submit-once.js";
import "./dirty-guard.js";
import "./print.js";
