"""Images in shards, tar files or Parquet, here or far away, which are read one after another and never all kept."""
