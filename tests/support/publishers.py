"""Files in the exact forms in which publishers hand them out, and the containers they come in."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.parquet as pq

NYFED_HEADER = (
    '"Effective Date","Rate Type","Rate (%)","1st Percentile (%)","25th Percentile (%)","75th Percentile (%)",'
    '"99th Percentile (%)","Volume ($Billions)","Target Rate From (%)","Target Rate To (%)","Intra Day - Low (%)",'
    '"Intra Day - High (%)","Standard Deviation (%)","30-Day Average SOFR","90-Day Average SOFR",'
    '"180-Day Average SOFR","SOFR Index","Revision Indicator (Y/N)","Footnote ID"'
)


def csv_of(rows: list[dict[str, str]]) -> bytes:
    """Records as CSV, columns as the first has them."""
    lines = [",".join(rows[0]), *(",".join(row[name] for name in rows[0]) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def answer(value: object, *, indent: int | None = None) -> bytes:
    """A JSON answer."""
    return json.dumps(value, indent=indent).encode()


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return out.getvalue()


def gzipped(data: bytes) -> bytes:
    """A gzip file."""
    return gzip.compress(data, mtime=0)


def cells_of(text: str) -> list[list[object]]:
    """A CSV text as cells, numbers as numbers."""
    return [[_cell(cell) for cell in row] for row in csv.reader(io.StringIO(text))]


def _cell(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def parquet(text: str) -> bytes:
    """A CSV text as a Parquet file, every column of the type its cells have."""
    header, *rows = cells_of(text)
    out = io.BytesIO()
    pq.write_table(
        pa.table({str(name): list(column) for name, column in zip(header, zip(*rows, strict=True), strict=True)}), out
    )
    return out.getvalue()


def workbook(sheet: str, rows: Iterable[Sequence[object]]) -> bytes:
    """A workbook of one sheet; numbers are numbers, and texts that begin with ``=day`` are days as serial numbers."""
    body = "".join(
        f'<row r="{number}">{"".join(_xml(cell) for cell in row)}</row>' for number, row in enumerate(rows, start=1)
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    related = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    return zipped({
        "[Content_Types].xml": f'{head}<Types xmlns="{package}/content-types">'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>'.encode(),
        "_rels/.rels": f'{head}<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
        f'Type="{related}/officeDocument" Target="xl/workbook.xml"/></Relationships>'.encode(),
        "xl/workbook.xml": f'{head}<workbook xmlns="{main}" xmlns:r="{related}"><sheets>'
        f'<sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>'.encode(),
        "xl/_rels/workbook.xml.rels": f'{head}<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{related}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{related}/styles" Target="styles.xml"/></Relationships>'.encode(),
        "xl/styles.xml": f'{head}<styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/>'
        f'<xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>'.encode(),
        "xl/worksheets/sheet1.xml": f'{head}<worksheet xmlns="{main}"><sheetData>{body}'
        f"</sheetData></worksheet>".encode(),
    })  # fmt: skip


def _xml(cell: object) -> str:
    if isinstance(cell, str) and cell.startswith("=day"):
        return f'<c s="1"><v>{cell[4:]}</v></c>'
    if isinstance(cell, int | float):
        return f"<c><v>{cell}</v></c>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(str(cell))}</t></is></c>'
