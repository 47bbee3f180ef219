/**
 * The report's print button. It stays hidden where scripts do not run; the browser's own
 * command prints the same.
 */
const button = document.getElementById("print");
if (button) {
  button.hidden = false;
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("#print")) window.print();
  });
}
