import Testing
@testable import VARedData
