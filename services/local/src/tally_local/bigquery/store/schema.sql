-- What the endpoint knows beside the rows themselves, in the same file, so that a job and its
-- effect commit together.
CREATE SCHEMA IF NOT EXISTS _tally;
CREATE TABLE IF NOT EXISTS _tally.datasets (
    project VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    resource VARCHAR NOT NULL,
    PRIMARY KEY (project, dataset)
);
CREATE TABLE IF NOT EXISTS _tally.tables (
    project VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    table_id VARCHAR NOT NULL,
    resource VARCHAR NOT NULL,
    PRIMARY KEY (project, dataset, table_id)
);
CREATE TABLE IF NOT EXISTS _tally.jobs (
    project VARCHAR NOT NULL,
    job_id VARCHAR NOT NULL,
    created_ms BIGINT NOT NULL,
    resource VARCHAR NOT NULL,
    PRIMARY KEY (project, job_id)
);
