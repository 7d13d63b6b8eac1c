"""All boards as text, by file name."""

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.boards import backtest, desk, engine, evidence


def built() -> dict[str, str]:
    """The JSON of each board, ready to be written."""
    encoder = JSONEncoder(sort_keys=True, indent=2)
    boards = {
        "desk": desk.board(),
        "evidence": evidence.board(),
        "engine": engine.board(),
        "backtest": backtest.board(),
    }
    return {name: encoder.encode(board.build()) + "\n" for name, board in boards.items()}
