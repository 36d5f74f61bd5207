"""Files of dags/sql as BigQuery jobs: bounded, labelled, with parameters and no Jinja."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from airflow.exceptions import AirflowFailException
from airflow.providers.google.cloud.operators.bigquery import (
    BigQueryCheckOperator,
    BigQueryInsertJobOperator,
)
from google.api_core.exceptions import BadRequest

from tally_dags.config import Place

CONFLICT: Final = "concurrent update"
"""What BigQuery says of one of two publishes at once."""

Parameter = dict[str, Any]
"""A query parameter as BigQuery's REST API takes it."""


def scalar(name: str, kind: str, value: Any) -> Parameter:
    """Return a query parameter, 64-bit integers and dates as text. `value` may be an XComArg."""
    return {"name": name, "parameterType": {"type": kind}, "parameterValue": {"value": value}}


def array(name: str, kind: str, values: Sequence[Any]) -> Parameter:
    """Return an array as a query parameter."""
    return {
        "name": name,
        "parameterType": {"type": "ARRAY", "arrayType": {"type": kind}},
        "parameterValue": {"arrayValues": [{"value": value} for value in values]},
    }


class ScriptOperator(BigQueryInsertJobOperator):
    """Runs a file of dags/sql once a try.

    The job's id is task, subject, run and try: a job that failed keeps its id for ever, and a
    day may be loaded again in another run. To it the provider adds a hash of the job. When the
    answer to a submission was lost, the running job of that id is taken up; one that is over
    already fails the try, and the next one repeats what is safe to repeat.

    Args:
        sql: The file, relative to the folder of the DAG.
        parameters: Of the query; templated.
        subject: What the job is about, for its id: a load's id, say; templated.
        day: For labels and alerts; templated. None where it is about no single day.
    """

    template_fields: Sequence[str] = (
        *BigQueryInsertJobOperator.template_fields,
        "parameters",
        "subject",
        "day",
    )

    def __init__(
        self,
        *,
        sql: str,
        parameters: Any = (),
        subject: Any = "",
        day: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            configuration={"query": {"query": sql}},
            force_rerun=False,
            reattach_states={"PENDING", "RUNNING", "DONE"},
            **kwargs,
        )
        self.parameters = parameters
        self.subject = subject
        self.day = day

    def execute(self, context: Any) -> Any:
        """Run the job to its end; return its id.

        Raises:
            AirflowFailException: BigQuery refused it, as where an assertion does not hold: the
                same statement would be refused again.
        """
        place = Place.from_environment()
        self.project_id, self.location = place.project, place.location
        self.configuration = _configuration(place, self.sql, self.parameters, self.day)
        ti = context["ti"]
        parts = (ti.task_id, self.subject, ti.run_id, f"try{ti.try_number}")
        self.job_id = re.sub(r"[^A-Za-z0-9_-]", "_", "-".join(map(str, parts)))
        try:
            return super().execute(context)
        except BadRequest as error:
            if CONFLICT in str(error):
                raise
            raise AirflowFailException(str(error)) from error


class PublishOperator(ScriptOperator):
    """Publishes a staged load.

    Args:
        sql: As of ScriptOperator.
        load: The function's answer; templated.
    """

    template_fields: Sequence[str] = (*ScriptOperator.template_fields, "load")

    def __init__(self, *, sql: str, load: Any, **kwargs: Any) -> None:
        super().__init__(sql=sql, **kwargs)
        self.load = load

    def execute(self, context: Any) -> Any:
        """Publish it; return the job's id."""
        self.day, self.subject = self.load["day"], self.load["load_id"]
        self.parameters = _publish_parameters(self.load)
        return super().execute(context)


class CheckOperator(BigQueryCheckOperator):
    """Runs a check of dags/sql/checks: one row, each column of which must be true.

    As it is, BigQueryCheckOperator passes query parameters only when it is deferred, knows no
    default dataset and no limit, takes any text for true, and does not name what is false.

    Args:
        sql: The file, relative to the folder of the DAG.
        parameters: Of the query; templated.
        day: For labels and alerts; templated. None where it is about no single day.
    """

    template_fields: Sequence[str] = (*BigQueryCheckOperator.template_fields, "day")

    def __init__(self, *, sql: str, parameters: Any, day: Any = None, **kwargs: Any) -> None:
        super().__init__(sql=sql, query_params=parameters, use_legacy_sql=False, **kwargs)
        self.day = day

    def execute(self, context: Any) -> None:  # noqa: ARG002  the operator's signature
        """Run the check.

        Raises:
            AirflowFailException: Something is not true, which a retry would not change.
        """
        place = Place.from_environment()
        self.project_id, self.location = place.project, place.location
        job = self.get_db_hook().insert_job(
            configuration=_configuration(place, self.sql, self.query_params, self.day),
            project_id=place.project,
            location=place.location,
        )
        rows = [dict(row.items()) for row in job.result()]
        self.log.info("rows: %s", rows)
        if len(rows) != 1:
            raise AirflowFailException(f"a check has one row, this one has {len(rows)}")
        if broken := [name for name, true in rows[0].items() if true is not True]:
            about = f" of {self.day}" if self.day else ""
            raise AirflowFailException(f"not true{about}: {', '.join(broken)}")


def _publish_parameters(load: Mapping[str, Any]) -> list[Parameter]:
    """Return the parameters of publish_day.sql from the function's answer."""
    return [
        scalar("day", "DATE", load["day"]),
        scalar("state", "STRING", load["state"]),
        scalar("load_id", "STRING", load["load_id"]),
        scalar("receipt", "STRING", load["receipt"]),
        scalar("last_change_id", "INT64", str(load["last_change_id"])),
        array("affected_days", "DATE", load["affected_days"]),
        array("job_ids", "STRING", load["job_ids"]),
        scalar("extracted_at", "TIMESTAMP", load["extracted_at"]),
    ]


def _configuration(
    place: Place, sql: str | None, parameters: list[Parameter], day: str | None
) -> dict[str, Any]:
    """Return a query job as BigQuery's REST API takes it."""
    query = {
        "query": sql,
        "useLegacySql": False,
        "queryParameters": parameters,
        "defaultDataset": {"projectId": place.project, "datasetId": place.dataset},
        "maximumBytesBilled": str(place.maximum_bytes_billed),
    }
    return {"query": query, "labels": {"app": "tally"} | ({"day": day} if day else {})}
