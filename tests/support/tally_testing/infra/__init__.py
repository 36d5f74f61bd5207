"""What is deployed, as tests see it: Terraform's modules and the tools that check them."""
