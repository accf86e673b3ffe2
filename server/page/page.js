"use strict";

// In a file of its own, so that the page's Content-Security-Policy need not allow scripts within the page.
window.ui = SwaggerUIBundle({
  url: document.getElementById("swagger-ui").dataset.document,
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [SwaggerUIBundle.plugins.DownloadUrl],
  layout: "BaseLayout", // without the bar that would load documents of others
  validatorUrl: null, // nobody else is told what is served here
  persistAuthorization: false, // a token ends with the page that it was pasted into
  docExpansion: "list",
  defaultModelsExpandDepth: 0, // the models are listed, each closed
  filter: true,
  defaultModelExpandDepth: 3, // an array, its objects, what is said of their members
  showExtensions: true,
  showCommonExtensions: true,
  displayRequestDuration: true,
});
