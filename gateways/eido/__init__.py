"""CAD to CAD by NENA's EIDO: incidents told to neighbours who subscribe, and taken from those whom we follow."""
