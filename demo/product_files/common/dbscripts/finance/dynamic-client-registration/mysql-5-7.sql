-- A table of the kind the product's script makes, for the demo and the tests.
CREATE TABLE IF NOT EXISTS OB_DCR_DETAILS (
    ID VARCHAR(255) NOT NULL,
    TPP_NAME VARCHAR(255) NOT NULL,
    CLIENT_ID VARCHAR(255) NOT NULL,
    REQUEST JSON NOT NULL,
    PRIMARY KEY (ID)
) ENGINE=InnoDB;
