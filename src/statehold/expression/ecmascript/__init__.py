"""The bounded part of ECMAScript that SCXML documents are read with."""
