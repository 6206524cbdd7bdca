#include "gateway/admin/openapi.h"

namespace gateway {

namespace {

constexpr const char* kHead = R"({"openapi":"3.1.0","info":{"title":"Switchyard admin API","version":")" SWITCHYARD_VERSION R"(",)"
                              R"("description":"What the gateway does just now. Times are RFC 3339."},)";

constexpr const char* kPaths =
    R"("security":[{"token":[]}],"paths":{)"
    R"("/healthz":{"get":{"summary":"The program is alive.","security":[],"responses":{"200":{"description":"ok"}}}},)"
    R"("/readyz":{"get":{"summary":"Every required server is ready.","security":[],"responses":{)"
    R"("200":{"description":"ready"},"503":{"description":"One line that names what is missing."}}}},)"
    R"("/metrics":{"get":{"summary":"Prometheus text, version 0.0.4.","responses":{)"
    R"("200":{"description":"The metrics.","content":{"text/plain":{}}},"default":{"$ref":"#/components/responses/Error"}}}},)"
    R"("/api/v1/servers":{"get":{"summary":"The gateway and its servers.","responses":{)"
    R"("200":{"description":"Servers in the order of the configuration.","content":{"application/json":{"schema":)"
    R"({"type":"object","properties":{"gateway":{"type":"object"},"servers":{"type":"array","items":)"
    R"({"$ref":"#/components/schemas/Server"}},"clashes":{"type":"array","items":{"type":"string"},"description":)"
    R"("What /mcp cannot offer under its own name."}}}}}},"default":{"$ref":"#/components/responses/Error"}}}},)"
    R"("/api/v1/tools":{"get":{"summary":"The tools clients see.","parameters":[)"
    R"({"name":"profile","in":"query","schema":{"type":"string"},"description":"Of this profile; all servers without it."},)"
    R"({"name":"server","in":"query","schema":{"type":"string"},"description":"Of this server alone."}],"responses":{)"
    R"("200":{"description":"Tools by the name clients call them.","content":{"application/json":{"schema":)"
    R"({"type":"object","properties":{"tools":{"type":"array","items":{"$ref":"#/components/schemas/Tool"}},)"
    R"("clashes":{"type":"array","items":{"type":"string"}}}}}}},"default":{"$ref":"#/components/responses/Error"}}}},)"
    R"("/api/v1/openapi.json":{"get":{"summary":"This document.","responses":{"200":{"description":"OpenAPI 3.1."}}}}},)";

constexpr const char* kComponents =
    R"("components":{"securitySchemes":{"token":{"type":"http","scheme":"bearer",)"
    R"("description":"The token in gateway.json of the gateway's state folder."}},)"
    R"("responses":{"Error":{"description":"Why there is no answer.","content":{"application/json":{"schema":)"
    R"({"type":"object","properties":{"error":{"$ref":"#/components/schemas/Error"}}}}}}},)"
    R"("schemas":{"Error":{"type":"object","required":["reason","message"],"properties":{"reason":{"type":"string"},)"
    R"("message":{"type":"string"},"remedy":{"type":"string"}}},)"
    R"("Server":{"type":"object","required":["name","state"],"properties":{"name":{"type":"string"},"state":{"enum":)"
    R"(["stopped","starting","ready","backing_off","failed","disabled","broken"]},"transport":{"enum":["stdio","http","http+sse"]},)"
    R"("target":{"type":"string"},"required":{"type":"boolean"},"tools":{"type":"integer"},"prompts":{"type":"integer"},)"
    R"("resources":{"type":"integer"},"resourceTemplates":{"type":"integer"},"pid":{"type":"integer"},)"
    R"("restarts":{"type":"integer"},"since":{"type":"string","format":"date-time"},"phase":{"type":"string"},)"
    R"("retryAt":{"type":"string","format":"date-time"},"cause":{"$ref":"#/components/schemas/Error"},)"
    R"("sandboxDenied":{"type":"array","items":{"type":"string"}},"openCalls":{"type":"integer"},"protocolVersion":{"type":"string"}}},)"
    R"("Tool":{"type":"object","required":["name","server","tool","definition"],"properties":{"name":{"type":"string"},)"
    R"("server":{"type":"string"},"tool":{"type":"string"},"title":{"type":"string"},"description":{"type":"string"},)"
    R"("definition":{"type":"object","description":"The tool object as clients get it."}}}}}})";

}  // namespace

const std::string& openapi_json() {
  static const std::string kDocument = std::string(kHead) + kPaths + kComponents;
  return kDocument;
}

}  // namespace gateway
