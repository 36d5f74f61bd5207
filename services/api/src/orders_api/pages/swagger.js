"use strict";
// A file of its own, for the page's CSP takes no inline script. The validator is another host.
window.ui = SwaggerUIBundle({
  url: document.getElementById("docs").dataset.openapi,
  dom_id: "#docs",
  deepLinking: true,
  validatorUrl: null,
});
