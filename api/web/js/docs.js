// The API's own page: Swagger UI out of this installation's files; who is signed in on the page is so here.

/* global SwaggerUIBundle */
import { get } from "./api.js";

const theme = localStorage.getItem("sheaf.theme") ?? "system";
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const colour = () => {
  const isDark = theme === "dark" || (theme === "system" && prefersDark.matches);
  document.documentElement.classList.toggle("dark-mode", isDark);
};

document.documentElement.dataset.theme = theme;
colour();
prefersDark.addEventListener("change", colour);

// A session that has run out is renewed, so that what is tried first does not fail by it.
if (localStorage.getItem("sheaf.known")) await get("/users/me").catch(() => null);

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger",
  deepLinking: true,
  filter: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
