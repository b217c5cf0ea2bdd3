"""`leadline doctor`."""

from leadline.cli.options import Json


def doctor(*, json: Json = False) -> int:
    """What is installed here, what it computes with, and where the cache is."""
    import msgspec

    from leadline.cli import COULD_NOT, DONE, printing
    from leadline.verbs.doctor import doctor as verb
    from leadline.wording import size

    found = verb()
    if json:
        printing.as_json(msgspec.to_builtins(found))
        return COULD_NOT if found.cache.problem else DONE
    here, machine, cache = found.environment, found.environment.hardware, found.cache
    installed = {**here.packages, **{name: number for name, number in found.optional.items() if number}}
    lacking = [f"{name} (leadline[{found.extras[name]}])" for name, number in found.optional.items() if not number]
    lines = {
        "system": f"{here.system}, Python {here.python}",
        "packages": ", ".join(f"{name} {number}" for name, number in installed.items()),
        "not installed": ", ".join(lacking) or "nothing is missing",
        "processor": f"{machine.processor}, {here.cores} cores, instructions {machine.instructions}",
        "computes on": f"{machine.device} in {machine.precision}, {machine.threads} threads",
        "settings": ", ".join(f"{name}={value}" for name, value in found.settings.items()) or "none",
        "cache": f"{cache.folder} ({size(cache.bytes)} in {cache.files:,} files)" if cache.folder else "none",
    }
    for name, text in lines.items():
        print(f"{name:14}{text}")
    if cache.files:
        print("To empty the cache, remove its folder while nothing is running: what is in it is made again.")
    if cache.problem:
        print(f"The cache cannot be used: {cache.problem}")
    return COULD_NOT if cache.problem else DONE
