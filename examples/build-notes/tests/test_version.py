import unittest

import notes


class VersionTest(unittest.TestCase):
    def test_version_has_two_parts(self):
        self.assertEqual(2, len(notes.VERSION.split(".")))


if __name__ == "__main__":
    unittest.main()
