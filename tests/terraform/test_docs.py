from tally_testing.infra.docs import Declared, declared

SOURCE = """variable "region" {
  description = "Says \\"where\\", as in https://example.com # 1."
  type        = string
  nullable    = false

  validation {
    condition     = var.region != ""
    error_message = "It has a name."
  }
}

variable "api" {
  description = "The API."
  type = object({
    image = optional(string, "x") # the first
    scaling = optional(object({
      min = optional(number, 0)
    }), {})
  })
  default = {}
}

variable "key" {
  description = "A secret."
  type        = string
  ephemeral   = true
}

output "url" {
  description = "Where it is."
  value       = var.region
}
"""


def test_variables_are_read_as_terraform_formats_them() -> None:
    image = 'image = optional(string, "x")'
    api = (
        f"object({{ {image}, scaling = optional(object({{ min = optional(number, 0) }}), {{}}) }})"
    )
    assert declared("variable", SOURCE) == [
        Declared(
            "region",
            "string",
            None,
            'Says "where", as in https://example.com # 1.',
            ephemeral=False,
        ),
        Declared("api", api, "{}", "The API.", ephemeral=False),
        Declared("key", "string", None, "A secret.", ephemeral=True),
    ]


def test_outputs_are_read_too() -> None:
    assert [each.name for each in declared("output", SOURCE)] == ["url"]
