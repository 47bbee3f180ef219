"""Pages on paper: the frozen contexts of `app.web.pages`, set by Typst."""
