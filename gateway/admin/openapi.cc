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
    R"("/api/v1/explain":{"get":{"summary":"Why a server or a tool is not there or cannot be called, or that it can.","parameters":[)"
    R"({"name":"name","in":"query","required":true,"schema":{"type":"string"},"description":"A server's name; a tool's, as clients )"
    R"(call it or as its server does; SERVER__TOOL or SERVER/TOOL."},)"
    R"({"name":"profile","in":"query","schema":{"type":"string"},"description":"As this profile shows it."}],"responses":{)"
    R"("200":{"description":"Everything of that name, also where there is nothing.","content":{"application/json":{"schema":)"
    R"({"$ref":"#/components/schemas/Explanations"}}}},"400":{"$ref":"#/components/responses/Error"},)"
    R"("default":{"$ref":"#/components/responses/Error"}}}},)"
    R"("/api/v1/plan":{"get":{"summary":"What a reload of the configuration would do, and why.","parameters":[)"
    R"({"name":"config","in":"query","schema":{"type":"string"},"description":"Absolute path of a file to take in place of the )"
    R"(gateway's own."}],"responses":{"200":{"$ref":"#/components/responses/Plan"},)"
    R"("default":{"$ref":"#/components/responses/Error"}}}},)"
    R"("/api/v1/reload":{"post":{"summary":"Reads the configuration again and applies what changed.","responses":{)"
    R"("200":{"$ref":"#/components/responses/Plan"},"422":{"$ref":"#/components/responses/Error"},)"
    R"("default":{"$ref":"#/components/responses/Error"}}}},)"
    R"("/api/v1/environments":{"get":{"summary":"The environments that servers are bound to.","responses":{)"
    R"("200":{"description":"By name.","content":{"application/json":{"schema":{"type":"object"}}}},)"
    R"("default":{"$ref":"#/components/responses/Error"}}}},)"
    R"("/api/v1/environments/{name}":{"parameters":[{"name":"name","in":"path","required":true,"schema":{"type":"string"}}],)"
    R"("put":{"summary":"Says whether an environment is there; wins over the configuration.","parameters":[)"
    R"({"name":"available","in":"query","required":true,"schema":{"type":"boolean"}},)"
    R"({"name":"instance","in":"query","schema":{"type":"string"},"description":"Another one than before: it went and came back, )"
    R"(and its servers are started anew."}],"responses":{"200":{"$ref":"#/components/responses/Plan"},)"
    R"("default":{"$ref":"#/components/responses/Error"}}},)"
    R"("delete":{"summary":"Takes back what was said: the configuration counts again.","responses":{)"
    R"("200":{"$ref":"#/components/responses/Plan"},"default":{"$ref":"#/components/responses/Error"}}}},)"
    R"("/api/v1/openapi.json":{"get":{"summary":"This document.","responses":{"200":{"description":"OpenAPI 3.1."}}}}},)";

constexpr const char* kComponents =
    R"("components":{"securitySchemes":{"token":{"type":"http","scheme":"bearer",)"
    R"("description":"The token in gateway.json of the gateway's state folder."}},)"
    R"("responses":{"Plan":{"description":"What is done with each server, and why.","content":{"application/json":{"schema":)"
    R"({"$ref":"#/components/schemas/Plan"}}}},"Error":{"description":"Why there is no answer.","content":{"application/json":{"schema":)"
    R"({"type":"object","properties":{"error":{"$ref":"#/components/schemas/Error"}}}}}}},)"
    R"("schemas":{"Error":{"type":"object","required":["reason","message"],"properties":{"reason":{"type":"string"},)"
    R"("message":{"type":"string"},"remedy":{"type":"string"}}},)"
    R"("Server":{"type":"object","required":["name","state"],"properties":{"name":{"type":"string"},"state":{"enum":)"
    R"(["stopped","starting","ready","dormant","backing_off","failed","disabled","broken","environment_absent"]},"transport":{"enum":["stdio","http","http+sse"]},)"
    R"("target":{"type":"string"},"required":{"type":"boolean"},"tools":{"type":"integer"},"prompts":{"type":"integer"},)"
    R"("resources":{"type":"integer"},"resourceTemplates":{"type":"integer"},"pid":{"type":"integer"},)"
    R"("restarts":{"type":"integer"},"since":{"type":"string","format":"date-time"},"phase":{"type":"string"},)"
    R"("retryAt":{"type":"string","format":"date-time"},"cause":{"$ref":"#/components/schemas/Error"},)"
    R"("processes":{"type":"integer"},"memoryBytes":{"type":"integer"},"ownSessions":{"type":"integer"},)"
    R"("queued":{"type":"integer"},"stale":{"type":"boolean"},"openUntil":{"type":"string","format":"date-time"},)"
    R"("sandboxDenied":{"type":"array","items":{"type":"string"}},)"
    R"("openCalls":{"type":"integer"},"protocolVersion":{"type":"string"}}},)"
    R"("Plan":{"type":"object","properties":{"servers":{"type":"array","items":{"type":"object","properties":{)"
    R"("name":{"type":"string"},"action":{"enum":["keep","rename","start","restart","stop","absent"]},)"
    R"("before":{"type":"string"},"connection":{"type":"array","items":{"type":"string"}},)"
    R"("presentation":{"type":"array","items":{"type":"string"}},"text":{"type":"string"},"views":{"type":"array","items":)"
    R"({"type":"object","properties":{"view":{"type":"string"},"gained":{"type":"array","items":{"type":"string"}},)"
    R"("lost":{"type":"array","items":{"type":"string"}}}}}}}},"settings":{"type":"array","items":{"type":"object","properties":)"
    R"({"what":{"type":"string"},"effect":{"enum":["applied","needs_restart"]}}}},)"
    R"("warnings":{"type":"array","items":{"type":"string"}},"summary":{"type":"string"},)"
    R"("changesNothing":{"type":"boolean"}}},)"
    R"("Explanations":{"type":"object","required":["name","view","callable","matches"],"properties":{"name":{"type":"string"},)"
    R"("view":{"type":"string"},"running":{"const":true},"callable":{"type":"boolean","description":"One of the matches is."},"matches":{"type":"array",)"
    R"("items":{"$ref":"#/components/schemas/Explanation"}},"unknown":{"$ref":"#/components/schemas/Error"},)"
    R"("near":{"type":"array","items":{"type":"string"}},"starting":{"type":"array","items":{"type":"string"},"description":)"
    R"("Servers on their very first start, after which the answer may be another one."},)"
    R"("configError":{"$ref":"#/components/schemas/Error"}}},)"
    R"("Explanation":{"type":"object","required":["server","listed","callable","verdict","steps"],"properties":{)"
    R"("server":{"type":"string"},"tool":{"type":"string"},"name":{"type":"string","description":"Under which clients call it."},)"
    R"("listed":{"type":"boolean"},"callable":{"type":"boolean"},"verdict":{"type":"string"},"failed":{"type":"string"},)"
    R"("reason":{"type":"string"},"remedy":{"type":"string"},"steps":{"type":"array","items":{"type":"object","required":)"
    R"(["step","outcome"],"properties":{"step":{"enum":["configuration","runtime","login","discovery","filter","name",)"
    R"("client_limits"]},"outcome":{"enum":["passed","warning","failed","not_reached","not_applicable"]},"found":{"type":"string"},)"
    R"("reason":{"type":"string"},"remedy":{"type":"string"},"facts":{"type":"object"}}}}}},)"
    R"("Tool":{"type":"object","required":["name","server","tool","definition"],"properties":{"name":{"type":"string"},)"
    R"("server":{"type":"string"},"tool":{"type":"string"},"title":{"type":"string"},"description":{"type":"string"},)"
    R"("definition":{"type":"object","description":"The tool object as clients get it."}}}}}})";

}  // namespace

const std::string& openapi_json() {
  static const std::string kDocument = std::string(kHead) + kPaths + kComponents;
  return kDocument;
}

}  // namespace gateway
