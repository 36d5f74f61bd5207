"use strict";
// A file of its own, for the page's CSP takes no inline script.
const docs = document.getElementById("docs");
Redoc.init(docs.dataset.openapi, {}, docs);
