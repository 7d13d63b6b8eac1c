"""Write the golden files anew: python -m tests.golden."""

from tests.golden import content, names

for path in names():
    path.parent.mkdir(parents=True, exist_ok=True)
    wanted = content(path)
    changed = not path.exists() or path.read_bytes() != wanted
    path.write_bytes(wanted)
    print(f"{'written' if changed else 'as it was'}  {path.name}")
