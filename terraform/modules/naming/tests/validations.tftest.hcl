variables {
  project_id  = "acme-orders-dev"
  environment = "dev"
}

run "a_name_with_capitals_is_refused" {
  command = plan
  variables { name = "Tally" }
  expect_failures = [var.name]
}

run "a_name_that_makes_ids_too_long_is_refused" {
  command = plan
  variables { name = "abcdefghijk" }
  expect_failures = [var.name]
}

run "an_environment_with_a_hyphen_is_refused" {
  command = plan
  variables { environment = "pre-1" }
  expect_failures = [var.environment]
}

run "a_project_number_is_refused" {
  command = plan
  variables { project_id = "123456789012" }
  expect_failures = [var.project_id]
}

run "a_label_with_a_space_is_refused" {
  command = plan
  variables { labels = { team = "order desk" } }
  expect_failures = [var.labels]
}

run "a_label_with_a_capital_key_is_refused" {
  command = plan
  variables { labels = { Team = "orders" } }
  expect_failures = [var.labels]
}
