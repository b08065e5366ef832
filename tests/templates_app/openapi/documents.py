"""Documents as people write them: a pet shop in YAML of OpenAPI 3.0, an order desk in 3.1. Small, but with what real ones have."""

import json
from typing import Any

from templates_app.openapi.document import read_document
from templates_app.openapi.operations import Imported, import_operations
from templates_app.openapi.snapshot import Operation

PET_SHOP = """\
openapi: 3.0.3
info: {title: Pet shop, version: 1.4.0}
servers:
  - url: https://{region}.pets.example.com/api/v3
    variables: {region: {default: eu, enum: [eu, us]}}
security: [{api_key: []}]
paths:
  /pets:
    get:
      operationId: listPets
      summary: List pets
      tags: [pets, reading]
      parameters:
        - {$ref: '#/components/parameters/Limit'}
        - {name: tags, in: query, schema: {type: array, items: {type: string}}}
        - {name: status, in: query, explode: false, schema: {type: array, items: {type: string, enum: [sold, here]}}}
        - name: born
          in: query
          style: deepObject
          schema: {type: object, properties: {gte: {type: integer}}, additionalProperties: false}
        - {name: X-Trace, in: header, schema: {type: string, pattern: '^[a-f0-9]{8}$'}}
        - {name: Accept, in: header, schema: {type: string}}
        - {name: session, in: cookie, schema: {type: integer}}
      responses:
        200:
          description: Some pets
          content:
            application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Pet'}}}
        default: {$ref: '#/components/responses/Problem'}
    post:
      operationId: addPet
      summary: Add a pet
      tags: [pets]
      requestBody:
        required: true
        content:
          application/xml: {schema: {type: string}}
          application/json: {schema: {$ref: '#/components/schemas/Pet'}}
      responses:
        201: {description: Added, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
  /pets/{petId}:
    parameters:
      - {name: petId, in: path, required: true, schema: {type: integer, minimum: 0, exclusiveMinimum: true}}
    get:
      operationId: getPet
      summary: One pet
      security: [{}]
      responses:
        2XX: {description: The pet, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
        404: {description: No such pet}
    delete:
      operationId: dropPet
      security: [{oauth: [write]}, {api_key: []}]
      responses: {204: {description: Gone}}
  /pets/{petId}/photo:
    post:
      operationId: addPhoto
      parameters: [{name: petId, in: path, required: true, schema: {type: integer}}]
      requestBody: {required: true, content: {multipart/form-data: {schema: {type: object}}}}
      responses: {204: {description: Kept}}
  /login:
    post:
      operationId: login
      security: []
      requestBody:
        required: true
        content:
          application/x-www-form-urlencoded:
            schema:
              type: object
              required: [user]
              properties: {user: {type: string}, age: {type: integer}, roles: {type: array, items: {type: string}}}
      responses: {200: {description: In, content: {text/plain: {schema: {type: string}}}}}
components:
  parameters:
    Limit: {name: limit, in: query, required: true, schema: {type: integer, minimum: 1, maximum: 100}}
  responses:
    Problem: {description: It failed, content: {application/problem+json: {schema: {type: object, required: [title]}}}}
  securitySchemes:
    api_key: {type: apiKey, in: header, name: X-Api-Key}
    oauth: {type: oauth2, flows: {}}
  schemas:
    Pet:
      type: object
      required: [id, name, kind]
      properties:
        id: {type: integer, readOnly: true}
        name: {type: string, minLength: 1}
        kind: {type: string, enum: [cat, dog], nullable: true}
        note: {type: string, nullable: true}
        secret: {type: string, writeOnly: true}
        parents: {type: array, maxItems: 2, items: {$ref: '#/components/schemas/Pet'}}
        owner: {nullable: true, allOf: [{$ref: '#/components/schemas/Owner'}]}
      additionalProperties: false
    Owner:
      type: object
      required: [email]
      properties: {email: {type: string, format: email}, pets: {type: array, items: {$ref: '#/components/schemas/Pet'}}}
"""

ORDERS: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Orders", "version": "2"},
    "servers": [{"url": "/v2"}],
    "paths": {
        "/orders": {
            "post": {
                "summary": "Place an order",
                "description": "Of one or more lines.",
                "security": [{"bearer": []}],
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["pay"],
                                "properties": {
                                    "pay": {"$ref": "#/components/schemas/Payment"},
                                    "when": {"type": ["string", "null"], "format": "date-time"},
                                },
                            }
                        }
                    }
                },
                "responses": {"202": {"description": "Taken"}, "409": {"description": "Twice"}},
                "callbacks": {"shipped": {"{$request.body#/url}": {"post": {}}}},
            },
            "get": {
                "summary": "Find orders",
                "parameters": [
                    {"name": "where", "in": "query", "content": {"application/json": {"schema": {"type": "object", "required": ["city"]}}}},
                    {"name": "key", "in": "query", "required": True, "schema": {"type": "string"}},
                ],
                "security": [{"query_key": []}],
                "responses": {"200": {"description": "Orders", "content": {"application/hal+json": {"schema": {"type": "array"}}}}},
            },
        },
        "/orders/{id}.{kind}": {"get": {"responses": {"200": {"description": "A file", "content": {"image/png": {}}}}}},
        "/tree": {
            "put": {
                "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}},
                "responses": {"204": {"description": "Kept"}},
            }
        },
    },
    "webhooks": {"orderShipped": {"post": {}}},
    "components": {
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer"},
            "query_key": {"type": "apiKey", "in": "query", "name": "api_key"},
        },
        "schemas": {
            "Payment": {
                "oneOf": [{"$ref": "#/components/schemas/Card"}, {"$ref": "#/components/schemas/Transfer"}],
                "discriminator": {"propertyName": "kind", "mapping": {"card": "#/components/schemas/Card", "transfer": "Transfer"}},
            },
            "Card": {
                "type": "object",
                "required": ["kind", "number"],
                "properties": {"kind": {"const": "card"}, "number": {"type": "string"}},
            },
            "Transfer": {
                "type": "object",
                "required": ["kind", "iban"],
                "properties": {"kind": {"const": "transfer"}, "iban": {"type": "string"}},
            },
            "Node": {
                "type": "object",
                "properties": {"value": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/components/schemas/Node"}, {"type": "null"}]}},
                "unevaluatedProperties": False,
            },
        },
    },
}


def imported(document: str | dict[str, Any]) -> Imported:
    return import_operations(read_document(document if isinstance(document, str) else json.dumps(document)))


def operation(document: str | dict[str, Any], name: str) -> Operation:
    """The operation that people call `GET /pets`."""
    return next(each for each in imported(document).operations if f"{each['method']} {each['path']}" == name)


def of(schema: Any, is_old: bool = False, **components: Any) -> dict[str, Any]:
    """A document with one operation, PUT /thing, whose body has this schema."""
    return {
        "openapi": "3.0.0" if is_old else "3.1.0",
        "info": {"title": "Thing", "version": "1"},
        "paths": {
            "/thing": {
                "put": {
                    "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
                    "responses": {"200": {"description": "Done"}},
                }
            }
        },
        "components": {"schemas": components},
    }
