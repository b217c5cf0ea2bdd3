"""The page on which a person drops images and reads answers: one front end for the exported file and for the server."""
