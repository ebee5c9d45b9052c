"""Pages that the server makes whole: the store's studies, races and maps, and diagnoses."""
