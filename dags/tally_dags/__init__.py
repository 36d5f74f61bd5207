"""What the DAGs share; it imports Airflow and nothing of Tally's."""
