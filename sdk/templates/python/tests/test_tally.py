import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "src"))

from tally import tally


class Tally(unittest.TestCase):
    def test_names_are_counted_by_their_beginning(self):
        names = ["plan", "plot", "todo"]
        self.assertEqual(tally(names, ""), "3 names")
        self.assertEqual(tally(names, "to"), "1 name")
        self.assertEqual(tally(names, "x"), "no names")


if __name__ == "__main__":
    unittest.main()
