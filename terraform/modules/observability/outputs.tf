output "slo_ids" {
  description = "The objectives: availability and latency to full name."
  value       = { for key, slo in google_monitoring_slo.this : key => slo.name }
}

output "policy_ids" {
  description = "The alert policies: key to full name."
  value = merge(
    { for key, policy in google_monitoring_alert_policy.burn : key => policy.name },
    { for key, policy in google_monitoring_alert_policy.threshold : key => policy.name },
    { for policy in google_monitoring_alert_policy.daily[*] : "daily" => policy.name },
  )
}

output "channel_ids" {
  description = "The notification channels: pubsub and the keys of notification_emails, as email-KEY."
  value       = local.channels
}

output "uptime_check_id" {
  description = "The uptime check, or null."
  value       = one(google_monitoring_uptime_check_config.this[*].uptime_check_id)
}
