"""A limit on memory that is too small for the libraries: they would end the process with no word that helps."""

from leadline.errors import LeadlineError

# Bytes of address space that polars and NumPy, and PyTorch's training, reserve on two cores; with less they abort.
FOR_ALL, FOR_TRAINING = 1.6e9, 4.5e9


def refuse_little_memory(verb: str) -> None:
    """LeadlineError where `ulimit -v`, or a batch system by it, allows less than the verb's libraries need."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    needed = FOR_TRAINING if verb in ("train", "compare") else FOR_ALL
    if limit != resource.RLIM_INFINITY and limit < needed:
        raise LeadlineError(
            f"memory is limited to {limit / 1e9:.1f} GB of addresses (ulimit -v), and the libraries of {verb} reserve "
            f"{needed / 1e9:.1f} GB: raise the limit, or run it where there is more"
        )
