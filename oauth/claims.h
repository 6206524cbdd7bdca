#pragma once

#include <string>
#include <string_view>

namespace oauth {

/// Whom a JWT is for, as people call them: its email, preferred_username, name or sub, the first that is there. "" where the text
/// is no JWT. Its signature is not looked at: the answer is to be shown, and decides nothing.
std::string subject_of_jwt(std::string_view jwt);

}  // namespace oauth
