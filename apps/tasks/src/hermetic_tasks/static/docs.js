// Swagger UI, with the look that the reader's system asks for.

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

SwaggerUIBundle({
  url: "/openapi.json",
  domNode: document.getElementById("reference"),
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  tryItOutEnabled: true,
  onComplete() {
    const about = document.querySelector(".information-container");
    about.setAttribute("role", "region");
    about.setAttribute("aria-label", "About this API");
  },
});
