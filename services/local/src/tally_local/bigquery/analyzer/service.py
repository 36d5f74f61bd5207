from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zetasql.wasi import get_wasm_path
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.proto import options_pb2, simple_catalog_pb2
from zetasql.wasi._pb2.zetasql.public import options_pb2 as language_pb2

from tally_local.bigquery.analyzer.node import Node
from tally_local.bigquery.analyzer.protos import add_constants, add_table, type_to_proto
from tally_local.bigquery.analyzer.wasm import AnalyzerRefusalError, WasmRuntime
from tally_local.bigquery.errors import InvalidQueryError
from tally_local.bigquery.types import BqType

_KEPT_CATALOGS: Final = 64
_KEPT_TREES: Final = 512
# In the analyzer's "maximum" set, but not on Google's service.
_NOT_IN_BIGQUERY: Final = (
    "FEATURE_EXPERIMENTAL_MODULES",
    "FEATURE_FOR_UPDATE",
    "FEATURE_INSERT_ON_CONFLICT_CLAUSE",
    "FEATURE_DML_RETURNING",
    "FEATURE_SQL_GRAPH_CALL",
    "FEATURE_TIMESTAMP_NANOS",
    "FEATURE_TIMESTAMP_PICOS",
    "FEATURE_UUID_TYPE",
    "FEATURE_IMPLICIT_COERCION_STRING_LITERAL_TO_BYTES",
)


@dataclass(frozen=True)
class TableSource:
    """A table as a statement names it: the path it wrote, and what stands there."""

    path: tuple[str, ...]
    full_name: str
    columns: tuple[tuple[str, BqType], ...]


@dataclass(frozen=True)
class Scope:
    """All that a statement may refer to; equal scopes share one registered catalog."""

    tables: tuple[TableSource, ...] = ()
    variables: tuple[tuple[str, BqType], ...] = ()


class Analyzer:
    """Google's analyzer; loading takes seconds once a machine, then a third of a second."""

    def __init__(self) -> None:
        self._runtime = WasmRuntime(Path(get_wasm_path()))
        self._language = self._load_language()
        self._catalogs: OrderedDict[Scope, int] = OrderedDict()
        self._trees: OrderedDict[tuple[object, ...], Node] = OrderedDict()
        self._lock = threading.Lock()

    def _load_language(self) -> options_pb2.LanguageOptionsProto:
        request = service.LanguageOptionsRequest(maximum_features=True)
        options = self._runtime.call(
            "GetLanguageOptions", request, options_pb2.LanguageOptionsProto
        )
        options.product_mode = language_pb2.PRODUCT_EXTERNAL
        dropped = {language_pb2.LanguageFeature.Value(name) for name in _NOT_IN_BIGQUERY}
        kept = [f for f in options.enabled_language_features if f not in dropped]
        options.enabled_language_features[:] = kept
        options.supported_statement_kinds[:] = []
        options.reserved_keywords.append("QUALIFY")
        return options

    def parse_script(self, sql: str) -> list[Node]:
        """Return the script's statements as syntax nodes."""
        request = service.ParseRequest(sql_statement=sql, allow_script=True, options=self._language)
        try:
            answer = self._runtime.call("Parse", request, service.ParseResponse)
        except AnalyzerRefusalError as refusal:
            raise refused(refusal) from refusal
        return list(Node(answer.parsed_script).statement_list_node.statement_list)

    def table_paths(self, sql: str) -> list[tuple[str, ...]]:
        """Return the path of every table that the statement reads or writes."""
        request = service.ExtractTableNamesFromStatementRequest(
            sql_statement=sql, options=self._language
        )
        try:
            answer = self._runtime.call(
                "ExtractTableNamesFromStatement",
                request,
                service.ExtractTableNamesFromStatementResponse,
            )
        except AnalyzerRefusalError as refusal:
            raise refused(refusal) from refusal
        named = [tuple(table.table_name_segment) for table in answer.table_name]
        return [*named, *self._altered(sql)]

    def _altered(self, sql: str) -> list[tuple[str, ...]]:
        # The extraction passes over what ALTER TABLE changes; only the syntax tree has it.
        if not re.search(r"\balter\b", sql, re.IGNORECASE):
            return []
        statement = self.parse_script(sql)[0]
        if statement.kind != "ASTAlterTableStatement":
            return []
        return [tuple(str(part.id_string) for part in statement.path.names)]

    def resolve(
        self, sql: str, scope: Scope, parameters: Mapping[str, BqType] | Sequence[BqType]
    ) -> Node:
        """Return the statement's resolved tree, or raise with Google's message."""
        named = isinstance(parameters, Mapping)
        key = (sql, scope, named, _frozen(parameters))
        with self._lock:
            if key not in self._trees:
                self._trees[key] = self._resolve(sql, scope, parameters)
            self._trees.move_to_end(key)
            if len(self._trees) > _KEPT_TREES:
                self._trees.popitem(last=False)
            return self._trees[key]

    def _resolve(
        self, sql: str, scope: Scope, parameters: Mapping[str, BqType] | Sequence[BqType]
    ) -> Node:
        request = service.AnalyzeRequest(
            options=self._options(parameters),
            registered_catalog_id=self._catalog(scope),
            sql_statement=sql,
        )
        try:
            answer = self._runtime.call("Analyze", request, service.AnalyzeResponse)
        except AnalyzerRefusalError as refusal:
            raise refused(refusal) from refusal
        return Node(answer.resolved_statement)

    def _options(
        self, parameters: Mapping[str, BqType] | Sequence[BqType]
    ) -> options_pb2.AnalyzerOptionsProto:
        options = options_pb2.AnalyzerOptionsProto(
            default_timezone="UTC",
            error_message_mode=language_pb2.ERROR_MESSAGE_ONE_LINE,
            prune_unused_columns=True,
        )
        options.language_options.CopyFrom(self._language)
        if isinstance(parameters, Mapping):
            for name, of in parameters.items():
                type_to_proto(of, options.query_parameters.add(name=name).type)
        else:
            options.parameter_mode = language_pb2.PARAMETER_POSITIONAL
            for of in parameters:
                type_to_proto(of, options.positional_query_parameters.add())
        return options

    def _catalog(self, scope: Scope) -> int:
        if scope not in self._catalogs:
            self._catalogs[scope] = self._register(scope)
        self._catalogs.move_to_end(scope)
        if len(self._catalogs) > _KEPT_CATALOGS:
            self._unregister(self._catalogs.popitem(last=False)[1])
        return self._catalogs[scope]

    def _register(self, scope: Scope) -> int:
        catalog = simple_catalog_pb2.SimpleCatalogProto(name="bigquery")
        catalog.builtin_function_options.language_options.CopyFrom(self._language)
        for table in scope.tables:
            add_table(catalog, table.path, table.full_name, table.columns)
        add_constants(catalog, dict(scope.variables))
        request = service.RegisterCatalogRequest(simple_catalog=catalog)
        answer = self._runtime.call("RegisterCatalog", request, service.RegisterResponse)
        return int(answer.registered_id)

    def _unregister(self, catalog_id: int) -> None:
        request = service.UnregisterRequest(registered_id=catalog_id)
        self._runtime.call("UnregisterCatalog", request, simple_catalog_pb2.SimpleCatalogProto)


def refused(refusal: AnalyzerRefusalError) -> InvalidQueryError:
    """Return the refusal as BigQuery words it: the place stands outside the brackets."""
    return InvalidQueryError(re.sub(r" \[at (\d+:\d+)\]$", r" at [\1]", refusal.message))


def _frozen(parameters: Mapping[str, BqType] | Sequence[BqType]) -> tuple[object, ...]:
    return tuple(parameters.items() if isinstance(parameters, Mapping) else parameters)
