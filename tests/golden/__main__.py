"""Write the golden files anew: python -m tests.golden."""

from tests.golden import expected

for path, content in expected().items():
    path.parent.mkdir(parents=True, exist_ok=True)
    changed = not path.exists() or path.read_bytes() != content
    path.write_bytes(content)
    print(f"{'written' if changed else 'as it was'}  {path.name}")
