"""Makes the site of all documents, and the pages of the reference, from the code itself."""
