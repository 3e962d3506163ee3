import Testing
@testable import VARedNN
