"""The forms of a document's text: pure functions of what is stored of its pages."""
