"""Imports go one way, and SQL lives in one place."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
OURS = {"pages", "pipelines", "warehouse", "dashboard"}
ALLOWED = {"warehouse": {"warehouse"}, "pipelines": {"pipelines", "warehouse"}, "pages": {"pages", "warehouse"}}
SQL = re.compile(
    r"\b(select|insert into|update|delete from|create (or replace )?(temp )?(table|view))\b.+\b(from|set|values|as)\b",
    re.IGNORECASE | re.DOTALL,
)


def _modules(package: str) -> list[Path]:
    return sorted((PROJECT / package).rglob("*.py"))


def _imports(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return {*names, *(node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module)}


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_imports_go_one_way(package: str) -> None:
    for path in _modules(package):
        ours = {name.split(".")[0] for name in _imports(path)} & OURS
        assert ours <= ALLOWED[package], f"{path.relative_to(PROJECT)} imports {ours}"


def test_charts_know_no_sql_and_no_streamlit() -> None:
    folder = PROJECT / "pages" / "elements"
    pure = [folder / f"{name}.py" for name in ("charts", "figure", "format", "habits", "leads", "palette")]
    for path in [*pure, *folder.glob("*_charts.py")]:
        roots = {imported.split(".")[0] for imported in _imports(path)}
        assert not roots & {"streamlit", "duckdb"}, path.name


@pytest.mark.parametrize("package", ["pages", "pipelines"])
def test_no_sql_outside_the_warehouse(package: str) -> None:
    for path in [*_modules(package), PROJECT / "dashboard.py"]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        documentation = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
                assert not SQL.match(node.value.strip()), f"SQL in {path.relative_to(PROJECT)}: {node.value[:60]}"
