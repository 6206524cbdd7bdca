#include "gateway/catalog/resource_index.h"

#include <algorithm>
#include <utility>

#include "gateway/catalog/qualified_uri.h"

namespace gateway {

namespace {

constexpr std::size_t kMaxMatchedUri = std::size_t{8} << 10;  // bytes; longer ones fit no template
constexpr std::size_t kMatchingSteps = std::size_t{4} << 20;  // of one look-up, over all templates: some ten milliseconds
constexpr std::size_t kClashExamples = 3;
constexpr std::size_t kShownUri = 200;  // bytes
constexpr std::string_view kAnyAuthority = "{";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// Scheme and authority: "file://", "db://host", "urn:"; of a template whose authority is not told "db://{". "" without a scheme.
std::string place_of(std::string_view uri) {
  const std::string scheme = uri_scheme(uri);
  if (scheme.empty()) return {};
  std::string_view rest = uri.substr(scheme.size() + 1);
  if (!rest.starts_with("//")) return scheme + (rest.starts_with('{') || rest.starts_with("/{") ? "://{" : ":");
  rest.remove_prefix(2);
  const auto end = std::min(rest.find_first_of("/?#{"), rest.size());
  if (end < rest.size() && rest[end] == '{') return scheme + "://" + std::string(kAnyAuthority);
  return scheme + "://" + lower(rest.substr(0, end));
}

}  // namespace

ResourceIndex::ResourceIndex(const std::vector<ViewMember>& members, Naming naming)
    : members_(members), own_names_(naming.own_names), places_(members.size()) {
  for (std::size_t i = 0; i < members_.size(); ++i)
    by_server_.emplace(members_[i].spec->name.str(), i);
  list(collect(CatalogKind::resources, uris_), CatalogKind::resources, resources_);
  auto templates = collect(CatalogKind::templates, template_texts_);
  add_templates(templates);
  list(std::move(templates), CatalogKind::templates, templates_);
  report_clashes();
}

std::vector<ResourceIndex::Row> ResourceIndex::collect(CatalogKind kind, Targets& plain) {
  std::vector<Row> rows;
  std::unordered_map<std::string_view, std::size_t> owners;  // of what is listed plainly
  for (std::size_t member = 0; member < members_.size(); ++member) {
    const ServerName& server = members_[member].spec->name;
    for (const CatalogEntry& entry : members_[member].runtime->shown()->entries(kind)) {
      note_place(member, entry.key);
      const auto owner = owners.find(entry.key);
      // Also where no server of that name is in this view: it may be off just now, or in another view.
      const bool mistakable = !own_names_ && is_qualified(entry.key);
      if (owner == owners.end() && !mistakable) {
        owners.emplace(entry.key, member);
        plain.emplace(entry.key, ResourceTarget{members_[member].runtime, entry.key});
        rows.push_back({entry.key, &entry, member});
      } else {
        note_clash(kind, mistakable ? member : owner->second, member, entry.key);
        rows.push_back({qualified_uri(server, entry.key), &entry, member});
      }
    }
  }
  return rows;
}

void ResourceIndex::list(std::vector<Row> rows, CatalogKind kind, PagedList& list) const {
  if (!own_names_) std::ranges::sort(rows, {}, &Row::listed);
  for (Row& row : rows) {
    const bool plain = row.listed == row.entry->key;
    std::string text = plain ? row.entry->text : with_member(row.entry->text, words_of(kind).key, row.listed);
    list.add(std::move(row.listed), std::move(text));
  }
  list.finish();
}

void ResourceIndex::add_templates(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    if (row.listed != row.entry->key || uri_scheme(row.listed).empty()) continue;
    // What is no template is listed all the same, for clients that know better.
    if (auto matcher = UriTemplate::parse(row.listed)) matchers_.push_back({std::move(*matcher), row.member});
  }
}

void ResourceIndex::note_place(std::size_t member, std::string_view uri) {
  if (auto place = place_of(uri); !place.empty()) places_[member].insert(std::move(place));
}

void ResourceIndex::note_clash(CatalogKind kind, std::size_t first, std::size_t second, const std::string& uri) {
  auto found = std::ranges::find_if(
      found_, [&](const Clash& clash) { return clash.kind == kind && clash.first == first && clash.second == second; });
  if (found == found_.end()) {
    found = found_.insert(found_.end(), Clash{.kind = kind, .first = first, .second = second, .count = 0, .examples = {}});
  }
  if (++found->count > kClashExamples) return;
  if (found->count > 1) found->examples += ", ";
  found->examples += "\"" + uri.substr(0, kShownUri) + "\"";
}

void ResourceIndex::report_clashes() {
  for (const Clash& clash : found_) {
    const std::string& server = members_[clash.second].spec->name.str();
    const bool one = clash.count == 1;
    std::string line = std::to_string(clash.count) + " " + std::string(words_of(clash.kind).noun) + (one ? "" : "s") +
                       " of server \"" + server + "\"" + (one ? " is" : " are") + " listed as " +
                       qualified_uri(members_[clash.second].spec->name, "URI") + ", since ";
    if (clash.first == clash.second) {
      line += "the plain form would name another server: ";
    } else {
      line += "server \"" + members_[clash.first].spec->name.str() + "\" has the same: ";
    }
    line += clash.examples;
    if (clash.count > kClashExamples) line += " and " + std::to_string(clash.count - kClashExamples) + " more";
    clashes_.push_back(std::move(line));
  }
}

std::optional<ResourceTarget> ResourceIndex::unqualified(std::string_view uri) const {
  auto named = parse_qualified_uri(uri);
  if (!named) return std::nullopt;
  const auto member = by_server_.find(named->server.str());
  if (member == by_server_.end()) return std::nullopt;
  return ResourceTarget{members_[member->second].runtime, std::move(named->uri)};
}

std::optional<ResourceTarget> ResourceIndex::find(std::string_view uri) const {
  const auto listed = uris_.find(std::string(uri));
  // A server's own view shows what it lists as it is, whatever it looks like.
  if (own_names_ && listed != uris_.end()) return listed->second;
  if (auto named = unqualified(uri)) return named;
  if (!own_names_ && is_qualified(uri)) return std::nullopt;
  if (listed != uris_.end()) return listed->second;
  if (matchers_.empty() || uri.size() > kMaxMatchedUri) return std::nullopt;
  const std::string normalized = normalized_uri(uri);
  std::size_t work = kMatchingSteps;
  for (const Template& each : matchers_) {
    if (each.matcher.matches(normalized, work)) return ResourceTarget{members_[each.member].runtime, std::string(uri)};
  }
  return std::nullopt;
}

std::optional<ResourceTarget> ResourceIndex::find_template(std::string_view text) const {
  const auto listed = template_texts_.find(std::string(text));
  if (own_names_ && listed != template_texts_.end()) return listed->second;
  if (auto named = unqualified(text)) return named;
  if (listed != template_texts_.end()) return listed->second;
  return std::nullopt;
}

std::vector<std::shared_ptr<Runtime>> ResourceIndex::likely(std::string_view uri) const {
  std::vector<std::shared_ptr<Runtime>> found;
  const std::string place = place_of(uri);
  if (place.empty() || (!own_names_ && is_qualified(uri))) return found;
  const std::string any = uri_scheme(uri) + "://" + std::string(kAnyAuthority);
  for (std::size_t i = 0; i < members_.size() && found.size() < kMostLikely; ++i) {
    if (places_[i].contains(place) || places_[i].contains(any)) found.push_back(members_[i].runtime);
  }
  return found;
}

}  // namespace gateway
