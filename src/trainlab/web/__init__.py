"""The lab in the browser: a server that answers questions about experiments, and the page that asks them."""
